"""What stands in the form of the key editor? Read from a key or from what a browser sent, and written to both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

from keystead.actions.key_values import key_values
from keystead.core.catalogue import Catalogue
from keystead.core.keys import Key
from keystead.core.parameters import Tree, boolean
from keystead.core.scope_lists import PastedList, read_scope_list

UNNAMED: Final = "Unnamed Tool"
TEXTS: Final = (
    "name", "email", "redirect_uris", "redirect_uri", "vendor_code", "icon_url", "notes", "client_credentials_audience",
)  # fmt: skip
FLAGS: Final = ("require_scopes", "allow_includes", "test_cluster_only")
_GROUP: Final = "group:"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyForm:
    """The values of the form as texts and flags, with the scopes chosen.

    ``step`` is the button that was pressed: ``save``, or one that changes the choice and shows the form again.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, bool] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    words: str = ""
    pasted: str = ""
    step: str = "save"
    reviewed: str = ""
    because: str | None = None

    @classmethod
    def blank(cls) -> "KeyForm":
        """Return the form of a new key; its scopes are enforced unless somebody wishes otherwise."""
        return cls(flags={"require_scopes": True})

    @classmethod
    def of_key(cls, key: Key) -> "KeyForm":
        """Return the form that shows a key as it is."""
        texts = {name: getattr(key, name) or "" for name in TEXTS if name != "redirect_uris"}
        texts["redirect_uris"] = "\n".join(key.redirect_uris)
        return cls(texts=texts, flags={name: getattr(key, name) for name in FLAGS}, scopes=key.scopes)

    @classmethod
    def read(cls, form: Tree) -> "KeyForm":
        """Read what a browser sent. A box that is not ticked is not sent, so it counts as no."""
        given = form.get("developer_key")
        sent: Tree = given if isinstance(given, dict) else {}
        scopes = sent.get("scopes")
        listed = scopes if isinstance(scopes, list) else [scopes]
        return cls(
            texts={name: _text(sent.get(name)) for name in TEXTS if name in sent},
            flags={name: bool(boolean(sent.get(name), name)) for name in FLAGS},
            scopes=tuple(dict.fromkeys(one for one in listed if isinstance(one, str) and one)),
            words=_text(form.get("search"))[:200],
            pasted=_text(form.get("pasted")),
            step=_text(form.get("do")) or "save",
            reviewed=_text(form.get("reviewed")),
            because=_text(form.get("because")).strip()[:2000] or None,
        )

    @property
    def enforces(self) -> bool:
        """Whether the scopes count."""
        return bool(self.flags.get("require_scopes"))

    @property
    def values(self) -> dict[str, Any]:
        """What the form asks of a key, as ``key_values`` reads it; without enforcement the stored scopes stay.

        Raises InvalidParameter.
        """
        asked: dict[str, Any] = dict(self.texts) | {name: "1" if on else "0" for name, on in self.flags.items()}
        values = key_values(asked)
        values["name"] = (values.get("name") or "").strip() or UNNAMED
        if self.enforces:
            values["scopes"] = self.scopes
        return values

    def chosen_anew(self, catalogue: Catalogue) -> tuple["KeyForm", PastedList | None]:
        """Return the form after the button that changes the choice, with the report when a list was pasted."""
        if self.step == "paste":
            report = read_scope_list(self.pasted, catalogue)
            return self._with(*self.scopes, *report.scopes), report
        if self.step == "read_only":
            return self._with(*reading_scopes(catalogue)), None
        if self.step == "none":
            return self._with(), None
        if self.step.startswith(_GROUP):
            group = catalogue.grouped().get(self.step.removeprefix(_GROUP), [])
            return self._with(*self.scopes, *(one["scope"] for one in group)), None
        return self, None

    def _with(self, *scopes: str) -> "KeyForm":
        return replace(self, scopes=tuple(dict.fromkeys(scopes)))


def reading_scopes(catalogue: Catalogue) -> tuple[str, ...]:
    """Return every scope on offer that only reads."""
    return tuple(one["scope"] for one in catalogue.listing() if one["verb"] == "GET")


def review_mark(removed: Iterable[str], *, enforces: bool) -> str:
    """Return what tells one review from another, so that only what was read is saved."""
    return sha256("\n".join([*sorted(removed), str(enforces)]).encode()).hexdigest()[:24]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
