"""Which pages does the console have?"""

from starlette.routing import Route

from keystead.console.accounts import Accounts
from keystead.console.audit import Audit
from keystead.console.explain import Explain
from keystead.console.home import Home
from keystead.console.key_about import KeyAbout
from keystead.console.key_changes import KeyChanges
from keystead.console.key_editor import KeyEditor
from keystead.console.key_narrow import KeyNarrow
from keystead.console.key_people import KeyPeople
from keystead.console.key_policy import KeyPolicyPages
from keystead.console.key_secrets import KeySecrets
from keystead.console.key_usage import KeyUsagePage
from keystead.console.key_watch import KeyWatch
from keystead.console.keys import KeyPages
from keystead.console.notices import NoticePages
from keystead.console.patterns import Patterns
from keystead.console.preferences import Preferences
from keystead.console.profile import Profile
from keystead.console.requests import RequestPages
from keystead.console.roles import Roles
from keystead.console.sessions import Sessions
from keystead.console.unused import UnusedPages
from keystead.console.vetting import VettingPages
from keystead.console.vetting_list import VettingList
from keystead.console.vetting_rules import VettingRules
from keystead.web.surface import Surface

_PAGES = (
    Home,
    Profile,
    Preferences,
    Sessions,
    KeyPages,
    UnusedPages,
    KeyEditor,
    KeyChanges,
    KeySecrets,
    KeyPeople,
    KeyAbout,
    VettingPages,
    VettingList,
    VettingRules,
    RequestPages,
    Explain,
    Audit,
    NoticePages,
    KeyUsagePage,
    KeyNarrow,
    KeyWatch,
    KeyPolicyPages,
    Accounts,
    Roles,
    Patterns,
)


def console_routes(surface: Surface) -> list[Route]:
    """Return the routes of all pages of administrators and people."""
    return [route for page in _PAGES for route in page(surface).routes()]
