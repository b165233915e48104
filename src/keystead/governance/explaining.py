"""Who may have a call explained, about whose token, and from which facts? For the API and the pages alike."""

from dataclasses import dataclass, field, replace

from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.bindings import serves
from keystead.core.errors import Malformed, NotFound
from keystead.core.ids import TokenId, UserId, parse_id
from keystead.core.keys import Key
from keystead.core.tokens import Token, TokenState
from keystead.gateway.explaining import Explained, explain_call, read_asked
from keystead.gateway.facts import Cluster, Facts, Question
from keystead.gateway.judge import Judge
from keystead.gateway.refusals import Refusal
from keystead.storage.gathering import load_token
from keystead.storage.lookups import TransactionLookups
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call, and with what it is made: a credential, a stored token by id, or an imagined one of a key.

    Of an imagined token ``user_id`` (whoever asks if None) is the person and ``scopes`` what it was granted (all of
    the key's if None). ``host`` is where the call goes, None for the host that is asked. ``address`` is where it comes
    from; None says on what that depends.
    """

    method: str
    target: str
    credential: str | None = field(default=None, repr=False)
    token_id: str | None = None
    key_id: str | None = None
    user_id: str | None = None
    scopes: tuple[str, ...] | None = None
    host: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What there is to say. ``refusal`` is why the call would not even be judged; without ``in_full`` no account, key
    or person is named.
    """

    found: Explained | None
    refusal: str | None = None
    in_full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """Explains calls to one person on one root account's host, in one transaction."""

    tx: Transaction
    judge: Judge
    cluster: Cluster
    acting: Actor
    domain_root: Account

    def explain(self, asked: Asked) -> Answered:
        """Explain a call. Raises Malformed, NotFound, Forbidden."""
        root = self._root(asked)
        token, of_key = self._token(asked, root)
        host = asked.host or root.domain or ""
        call = read_asked(
            asked.method, asked.target, self.judge.table, host=root.domain or "", as_user=None, address=asked.address
        )  # fmt: skip
        if isinstance(call, str):
            return Answered(found=None, refusal=call)
        question = Question(
            digests=(), host=host, account_reference=call.account_reference, as_user=call.as_user or None
        )  # fmt: skip
        facts = load_token(self.tx, token, question, self.cluster)
        if token is not None:
            self._require_may_know(root, facts)
        elif not of_key:
            permits.require(self.tx, self.acting, Right.VIEW_DEVELOPER_KEYS, root)
        query = asked.target.partition("?")[2].encode()
        return Answered(found=explain_call(self.judge, call, self._shown(facts, root), query), in_full=self._sees(root))

    def may_know_of(self, refusal: Refusal) -> bool:
        """Whether a refused call may be shown: to whoever reads the audit where it was, and to its own person."""
        own = refusal.user_id is not None and refusal.user_id == self.acting.user_id
        return own or self.sees_in_full(refusal)

    def sees_in_full(self, refusal: Refusal) -> bool:
        """Whether accounts, keys and people may be named of it."""
        root = read_accounts.find_account(self.tx, refusal.root_id)
        right = Right.VIEW_DEVELOPER_KEY_AUDIT
        return root is not None and permits.holds(self.tx, self.acting, right, root)

    def now(self, refusal: Refusal) -> Explained | None:
        """Explain a refused call as it would be now, None when its token is not known any more."""
        token = None if refusal.token_id is None else read_tokens.find_token(self.tx, refusal.token_id)
        call = read_asked(refusal.verb, refusal.path, self.judge.table, host=refusal.host, as_user=None)
        if token is None or isinstance(call, str):
            return None
        question = Question(
            digests=(), host=refusal.host, account_reference=call.account_reference, as_user=None
        )  # fmt: skip
        facts = load_token(self.tx, token, question, self.cluster)
        root = read_accounts.find_account(self.tx, refusal.root_id)
        return explain_call(self.judge, call, self._shown(facts, root), b"")

    def _token(self, asked: Asked, root: Account) -> tuple[Token | None, bool]:
        """Return the token that is asked about, stored or imagined, and whether a key was named."""
        if [asked.credential, asked.token_id, asked.key_id].count(None) != 2:
            raise Malformed("give one of token, token_id, developer_key_id")
        if asked.credential is not None:
            digests = self.tx.vault.tokens.digests(asked.credential)
            return TransactionLookups(self.tx).token(digests), False
        if asked.token_id is not None:
            found = read_tokens.find_token(self.tx, parse_id(asked.token_id) or 0)
            if found is None:
                raise NotFound
            return found, False
        key = read_keys.get_key(self.tx, parse_id(str(asked.key_id)))
        if not (self._sees(root) and self._is_known_in(key, root)):
            raise NotFound
        imagined = Token(
            id=TokenId(0), user_id=self._person(asked, root), key_id=key.id, state=TokenState.ACTIVE, hint="",
            scopes=key.scopes if asked.scopes is None else asked.scopes,
        )  # fmt: skip
        return imagined, True

    def _person(self, asked: Asked, root: Account) -> UserId:
        if asked.user_id is None or asked.user_id == "self":
            return UserId(self.acting.user_id)
        user = read_users.find_user(self.tx, parse_id(asked.user_id))
        if user is None or not read_users.has_login(self.tx, user.id, root):
            raise NotFound
        return user.id

    def _require_may_know(self, root: Account, facts: Facts) -> None:
        """Raise NotFound unless the token is the asker's own, or of a person or key of an account they see."""
        if facts.token is not None and facts.token.user_id == self.acting.user_id:
            return
        belongs = facts.has_login or (facts.key is not None and facts.key.account_id == root.id)
        if not (belongs and self._sees(root)):
            raise NotFound

    def _is_known_in(self, key: Key, root: Account) -> bool:
        if permits.is_site_administrator(self.tx, self.acting):
            return True
        return serves(key, read_accounts.path_to(self.tx, root)) and (key.visible or not key.is_global)

    def _sees(self, root: Account) -> bool:
        return permits.holds(self.tx, self.acting, Right.VIEW_DEVELOPER_KEYS, root)

    def _shown(self, facts: Facts, root: Account | None) -> Facts:
        """Return the facts without the beginning of a token, for people who only look at other people's tokens."""
        token = facts.token
        if token is None or token.user_id == self.acting.user_id:
            return facts
        if root is not None and permits.holds(self.tx, self.acting, Right.MANAGE_DEVELOPER_KEYS, root):
            return facts
        return replace(facts, token=replace(token, hint=""))

    def _root(self, asked: Asked) -> Account:
        """Return the root account of the host: the request's own, another one for Site Admin only."""
        if asked.host is None:
            return self.domain_root
        root = read_accounts.root_for_host(self.tx, asked.host)
        if root.id != self.domain_root.id and not permits.is_site_administrator(self.tx, self.acting):
            raise NotFound
        return root
