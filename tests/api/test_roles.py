import pytest

from world import Bench


def roles(account: int) -> str:
    return f"/api/v1/accounts/{account}/roles"


def test_a_role_carries_the_permissions_switched_on(world: Bench) -> None:
    root = world.root_account()

    made = world.site(
        "POST",
        roles(root),
        form={
            "label": "Key keeper",
            "permissions[manage_developer_keys][enabled]": "1",
            "permissions[other][enabled]": 1,
        },
    ).json

    assert (made["label"], made["role"], made["base_role_type"]) == ("Key keeper", "Key keeper", "AccountMembership")
    assert made["workflow_state"] == "active"
    assert made["is_account_role"] is True
    assert made["account"]["id"] == root
    assert made["permissions"]["manage_developer_keys"] == {
        "enabled": True,
        "locked": False,
        "readonly": False,
        "explicit": True,
        "applies_to_self": True,
        "applies_to_descendants": True,
    }
    assert [name for name, said in made["permissions"].items() if said["enabled"]] == ["manage_developer_keys"]
    assert "modify_site_admin_developer_keys" not in made["permissions"]
    assert world.site("GET", f"{roles(root)}/{made['id']}").json == made


def test_the_built_in_role_is_listed_and_cannot_be_changed(world: Bench) -> None:
    root = world.root_account()
    (built_in,) = world.site("GET", roles(root)).json

    assert (built_in["label"], built_in["workflow_state"]) == ("AccountAdmin", "built_in")
    assert all(said["enabled"] and said["readonly"] for said in built_in["permissions"].values())
    path = f"{roles(root)}/{built_in['id']}"
    assert world.site("PUT", path, form={"label": "X"}).status == 400
    assert world.site("DELETE", path).status == 400
    assert world.site("POST", f"{path}/activate").status == 400
    assert world.site("GET", f"{roles(1)}/{built_in['id']}").json["permissions"]["modify_site_admin_developer_keys"]


def test_labels_are_there_once_and_readable(world: Bench) -> None:
    root = world.root_account()
    college = world.sub_account(root)
    world.role(root, "Registrar")

    assert world.site("POST", roles(root)).message == "label is missing"
    for account in (root, college):
        for label in ("Registrar", "AccountAdmin"):
            refused = world.site("POST", roles(account), form={"label": label})
            assert (refused.status, list(refused.json["errors"])) == (400, ["label"])
    for label in ("x" * 256, "a\nb", " "):
        assert world.site("POST", roles(root), json={"label": label}).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"permissions": []},
        {"permissions": {"read_roster": "1"}},
        {"permissions": {"read_roster": {"enabled": "maybe"}}},
        {"permissions": {"read_roster": {"enabled": True, "applies_to_descendants": False}}},
        {"permissions": {"modify_site_admin_developer_keys": {"enabled": True}}},
        {"base_role_type": "TeacherEnrollment"},
        {"label": {}},
    ],
)
def test_what_cannot_be_meant_is_refused(world: Bench, body: dict[str, object]) -> None:
    assert world.site("POST", roles(world.root_account()), json={"label": "X"} | body).status == 400


def test_site_admin_roles_may_change_site_admin_keys(world: Bench) -> None:
    role = world.role(1, "Keys", "modify_site_admin_developer_keys")

    shown = world.site("GET", f"{roles(1)}/{role}").json

    assert shown["permissions"]["modify_site_admin_developer_keys"]["enabled"] is True


def test_rights_are_switched_on_and_off(world: Bench) -> None:
    root = world.root_account()
    path = f"{roles(root)}/{world.role(root, 'Registrar', 'read_roster', 'become_user')}"

    changed = world.site(
        "PUT",
        path,
        json={
            "label": "Registry",
            "permissions": {
                "read_roster": {"enabled": False},
                "become_user": {"explicit": False, "enabled": True},
                "manage_user_logins": {"enabled": True, "explicit": True},
            },
        },
    ).json

    assert changed["label"] == "Registry"
    assert [name for name, said in changed["permissions"].items() if said["enabled"]] == ["manage_user_logins"]
    (entry,) = world.audited("role.updated")
    assert entry.before == {"label": "Registrar", "permissions": ["become_user", "read_roster"]}
    assert world.site("PUT", path, form={"label": "Registry"}).json == changed
    assert len(world.audited("role.updated")) == 1


def test_nobody_gives_a_role_rights_they_lack(world: Bench) -> None:
    root = world.root_account()
    maker = world.admin(root, world.role(root, "Maker", "manage_role_overrides", "read_roster"))
    strong = world.role(root, "Strong", "manage_developer_keys")

    def call(verb: str, path: str, **wanted: str) -> int:
        enabled = {f"permissions[{right}][enabled]": on for right, on in wanted.items()}
        return world.call(verb, path, token=maker.token, form={"label": f"L{verb}"} | enabled).status

    assert call("POST", roles(root), manage_developer_keys="1") == 403
    assert call("POST", roles(root), read_roster="1") == 200
    assert call("PUT", f"{roles(root)}/{strong}", read_roster="1") == 200
    assert call("PUT", f"{roles(root)}/{strong}", become_user="1") == 403
    assert call("DELETE", f"{roles(root)}/{strong}") == 200
    assert call("POST", f"{roles(root)}/{strong}/activate") == 403


def test_a_role_out_of_use_gives_nothing_until_it_is_activated(world: Bench) -> None:
    root = world.root_account()
    role = world.role(root, "Reader", "read_roster")
    reader = world.admin(root, role)
    path = f"/api/v1/accounts/{root}/users"

    off = world.site("DELETE", f"{roles(root)}/{role}")
    during = world.call("GET", path, token=reader.token)
    inactive = world.site("GET", f"{roles(root)}?state[]=inactive")
    both = world.site("GET", f"{roles(root)}?state[]=inactive&state[]=active")
    on = world.site("POST", f"{roles(root)}/{role}/activate")

    assert (off.json["workflow_state"], on.json["workflow_state"]) == ("inactive", "active")
    assert during.status == 403
    assert [one["id"] for one in inactive.json] == [role]
    assert len(both.json) == 2
    assert world.site("GET", f"{roles(root)}?state[]=other").status == 400
    assert world.call("GET", path, token=reader.token).status == 200


def test_roles_come_down_the_tree_and_are_changed_where_they_were_made(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    college = world.sub_account(root)
    role = world.role(root, "Reader", "read_roster")

    own = world.site("GET", roles(college)).json
    inherited = world.site("GET", f"{roles(college)}?show_inherited=1").json

    assert role not in [one["id"] for one in own]
    assert {one["id"]: one["account"]["id"] for one in inherited}[role] == root
    assert world.site("GET", f"{roles(college)}/{role}").status == 200
    assert world.site("PUT", f"{roles(college)}/{role}", form={"label": "X"}).status == 404
    assert world.site("GET", f"{roles(other)}/{role}").status == 404


def test_roles_are_shown_to_those_who_manage_people_or_roles(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    person, stranger = world.person(root), world.admin(other)

    assert world.call("GET", roles(root), token=person.token).status == 403
    assert world.call("GET", roles(root), token=stranger.token, host="two.test").status == 404
    assert world.call("POST", roles(1), token=stranger.token, form={"label": "X"}, host="two.test").status == 403


def test_an_auditor_is_an_ordinary_role_made_in_one_step(world: Bench) -> None:
    root = world.root_account()
    college = world.sub_account(root)
    address = f"/api/keystead/v1/accounts/{college}/roles"

    made = world.site("POST", address, json={"template": "auditor", "because": "the yearly check"})
    again = world.site("POST", address, json={"template": "auditor"})
    named = world.site("POST", address, json={"template": "auditor", "label": "Data protection"})

    rights = [name for name, said in made.json["permissions"].items() if said["enabled"]]
    assert (made.status, made.json["label"], made.json["workflow_state"]) == (201, "Auditor", "active")
    assert rights == ["view_developer_keys", "export_developer_key_records", "view_developer_key_audit"]
    assert again.status == 400
    assert named.json["label"] == "Data protection"
    assert [role["label"] for role in world.site("GET", roles(root)).json] == ["AccountAdmin"]
    assert world.site("POST", address, json={"template": "owner"}).message == "template must be one of auditor"
    assert [entry.because for entry in world.audited("role.created")] == ["the yearly check", None]


def test_whoever_lacks_an_auditors_rights_cannot_make_one(world: Bench) -> None:
    root, other = world.root_account(), world.root_account("Other")
    address = f"/api/keystead/v1/accounts/{root}/roles"
    keeper = world.admin(root, world.role(root, "Keeper", "manage_role_overrides", "view_developer_keys"))
    manager = world.admin(root, world.role(root, "Manager", "manage_role_overrides", "manage_developer_keys"))
    stranger = world.admin(other)

    answers = [
        world.call("POST", address, token=person.token, host=host, json={"template": "auditor"}).status
        for person, host in ((keeper, "root.test"), (stranger, "other.test"), (manager, "root.test"))
    ]

    assert answers == [403, 404, 201]
