"""What is true of a credential on a host? Put together from look-ups, the same way whoever looks up."""

from dataclasses import replace

from keystead.core.accounts import Account, AccountPath, path_of
from keystead.core.actors import Right, User, UserState
from keystead.core.bindings import resolve, serves
from keystead.core.decision import Masquerade
from keystead.core.ids import parse_id
from keystead.core.key_policies import KeyPolicy
from keystead.core.keys import Key
from keystead.core.tokens import Token
from keystead.gateway.facts import Cluster, Facts, Question
from keystead.storage.lookups import Lookups, TransactionLookups
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.read.accounts import MOST_LEVELS
from keystead.storage.transaction import Transaction


def load(tx: Transaction, question: Question, cluster: Cluster) -> Facts:
    """Read what is true of the credential on the host, in one transaction."""
    return load_token(tx, TransactionLookups(tx).token(question.digests), question, cluster)


def load_token(tx: Transaction, token: Token | None, question: Question, cluster: Cluster) -> Facts:
    """Read what is true of a token on the host, stored or imagined; the question's digests are not heard."""
    look = TransactionLookups(tx)
    known = gather(look, question, token, cluster)
    if known.token is not None and known.token.real_user_id is not None:
        known = replace(known, minted_by=_minted_by(tx, known.token, known.domain_root))
    return _masked(tx, known, question.as_user) if question.as_user and known.token is not None else known


def gather(look: Lookups, question: Question, token: Token | None, cluster: Cluster) -> Facts:
    """Return the facts of a token that nobody masquerades with, as far as look-ups by key can tell them."""
    domain_root = look.root_for_host(question.host)
    if token is None:
        return Facts(domain_root=domain_root, account=domain_root, catalogue=look.catalogue())
    key = look.key(token.key_id)
    owner = look.user(token.user_id)
    site = look.site_admin()
    here = (domain_root.id, site.id)
    mine = [login for login in look.logins(token.user_id) if login.account_id in here]
    path = None if key is None else _context(look, question.account_reference, key, domain_root)
    return Facts(
        domain_root=domain_root,
        account=domain_root if path is None else path.account,
        token=token,
        key=key,
        binding=None if key is None or path is None else resolve(key, path, look.bindings(key.id), site.id),
        key_serves=key is not None and path is not None and serves(key, path),
        test_cluster_mismatch=key is not None and cluster.refuses(key),
        user=owner,
        owner_state=UserState.DELETED if owner is None else owner.state,
        login=mine[0].unique_id if mine else None,
        has_login=bool(mine),
        real_user=None if token.real_user_id is None else look.user(token.real_user_id),
        catalogue=look.catalogue(),
        limits=(None if key is None else key.throttle) or domain_root.throttle,
        key_policies=() if key is None or path is None else policies_in_force(look, key, path, domain_root, site),
    )


def policies_in_force(
    look: Lookups, key: Key, path: AccountPath, domain_root: Account, site: Account
) -> tuple[KeyPolicy, ...]:
    """Return what everybody with a say has laid down about a key: Site Admin, the path and the domain's root."""
    having = look.policed()
    if not having:
        return ()
    ids = dict.fromkeys((site.id, *reversed(path.ids), domain_root.id))
    return tuple(policy for one in ids if one in having for policy in look.policies(one, key.id))


def _context(look: Lookups, reference: str | None, key: Key, domain_root: Account) -> AccountPath:
    """Return for which account the key is judged (docs/canvas-compat.md, Account of a call).

    The account the path names, when it stands in the domain's tree or the key is a stranger to the domain; else the
    domain's root account.
    """
    named = None if reference is None else _named(look, reference, domain_root)
    if named is None or named.id == domain_root.id:
        return _path_to(look, domain_root)
    belongs_here = key.is_global or key.account_id == domain_root.id
    return _path_to(look, named if named.root_id == domain_root.id or not belongs_here else domain_root)


def _named(look: Lookups, reference: str, domain_root: Account) -> Account | None:
    match reference:
        case "self":
            return domain_root
        case "default":
            return look.root_for_host("")
        case "site_admin":
            return look.site_admin()
        case _:
            account_id = parse_id(reference)
            return None if account_id is None else look.account(account_id)


def _path_to(look: Lookups, account: Account) -> AccountPath:
    """Return the account with everything above it that has a say about developer keys."""
    steps = [account]
    while not steps[-1].is_root and steps[-1].parent_id is not None and len(steps) < MOST_LEVELS:
        above = look.account(steps[-1].parent_id)
        if above is None:
            break
        steps.append(above)
    parent_id = steps[-1].consortium_parent_id
    return path_of(steps, None if parent_id is None else look.account(parent_id))


def _minted_by(tx: Transaction, token: Token, domain_root: Account) -> Masquerade | None:
    if token.real_user_id is None:
        return None
    real = read_users.find_user(tx, token.real_user_id)
    target = read_users.find_user(tx, token.user_id)
    permitted = real is not None and target is not None and may_become(tx, real, target, domain_root)
    return Masquerade(permitted=permitted)


def _masked(tx: Transaction, known: Facts, reference: str) -> Facts:
    """Return the facts of a call that asks to act as somebody else."""
    assert known.token is not None  # noqa: S101  (asked only for a token that is known)
    target = known.user if reference == "self" else read_users.find_user(tx, parse_id(reference))
    if known.token.real_user_id is not None:
        same = target is not None and target.id == known.token.user_id
        return known if same else replace(known, acting_as=Masquerade(permitted=False, unchanged=False))
    if target is not None and known.user is not None and target.id == known.user.id:
        return known
    if known.user is None or target is None or not may_become(tx, known.user, target, known.domain_root):
        return replace(known, acting_as=Masquerade(permitted=False))
    site = read_accounts.site_admin(tx)
    logins = read_users.logins_of(tx, target.id)
    return replace(
        known,
        acting_as=Masquerade(permitted=True),
        user=target,
        real_user=known.user,
        login=next((login.unique_id for login in logins if login.account_id in (known.domain_root.id, site.id)), None),
    )


def may_become(tx: Transaction, person: User, target: User, domain_root: Account) -> bool:
    """Whether a person may act as another on this host: the right here, and no right of the other that they lack."""
    if not person.is_active or not target.is_active:
        return False
    if not read_users.has_right(tx, person.id, Right.BECOME_USER, domain_root):
        return False
    site = read_accounts.site_admin(tx)
    if not any(login.account_id in (domain_root.id, site.id) for login in read_users.logins_of(tx, target.id)):
        return False
    return read_users.covers(tx, person.id, target.id)
