from world import Bench

NOT_THERE = "The specified resource does not exist."
MADE = "/api/v1/accounts/site_admin/root_accounts"


def test_site_admin_makes_a_root_account_with_its_host(world: Bench) -> None:
    made = world.site("POST", MADE, form={"account[name]": "Larkfield", "account[domain]": "LMS.Larkfield.example"})

    assert made.status == 200
    assert made.json["domain"] == "lms.larkfield.example"
    assert made.json["parent_account_id"] is None
    assert made.json["root_account_id"] is None
    assert made.json["workflow_state"] == "active"
    (entry,) = world.audited("account.created")
    assert (entry.subject_id, entry.user_id) == (made.json["id"], 1)


def test_a_host_belongs_to_one_root_account(world: Bench) -> None:
    world.root_account("Larkfield", "one.example")

    again = world.site("POST", MADE, form={"account[name]": "Other", "account[domain]": "ONE.example."})

    assert again.status == 400
    assert again.json["errors"]["domain"][0]["message"] == "has already been taken"


def test_what_is_no_host_name_is_refused(world: Bench) -> None:
    for domain in ("a b", "http://x.example", "x..example", "x" * 300, "-x.example", "x/y"):
        made = world.site("POST", MADE, form={"account[name]": "X", "account[domain]": domain})
        assert (made.status, list(made.json["errors"])) == (400, ["domain"]), domain


def test_root_accounts_are_made_by_site_admin_alone(world: Bench) -> None:
    root = world.root_account()
    admin = world.admin(root)

    refused = world.call("POST", MADE, token=admin.token, form={"account[name]": "Mine"})
    elsewhere = world.site("POST", f"/api/v1/accounts/{root}/root_accounts", form={"account[name]": "Mine"})

    assert (refused.status, elsewhere.status) == (403, 404)


def test_names_are_checked(world: Bench) -> None:
    root = world.root_account()
    path = f"/api/v1/accounts/{root}/sub_accounts"

    assert world.site("POST", path).message == "account is missing"
    assert world.site("POST", path, form={"account": "x"}).message == "account is missing"
    assert world.site("POST", path, json={"account": {"name": ["x"]}}).message == "account[name] must be a text"
    for name in ("", "  ", "x" * 256, "a\nb"):
        refused = world.site("POST", path, json={"account": {"name": name}})
        assert (refused.status, list(refused.json["errors"])) == (400, ["name"])
    assert world.site("POST", path, json={"account": {"name": "a\0b"}}).status == 400


def test_sub_accounts_are_listed_directly_or_all_below(world: Bench) -> None:
    root = world.root_account()
    college = world.sub_account(root, "College")
    school = world.sub_account(college, "School")

    direct = world.site("GET", f"/api/v1/accounts/{root}/sub_accounts?include[]=sub_account_count")
    below = world.site("GET", f"/api/v1/accounts/{root}/sub_accounts?recursive=true&per_page=1")
    roots = world.site("GET", "/api/v1/accounts/site_admin/sub_accounts")

    assert [(one["id"], one["sub_account_count"]) for one in direct.json] == [(college, 1)]
    assert [one["id"] for one in below.json] == [college]
    assert 'recursive=true&page=2&per_page=1>; rel="next"' in below.headers["link"]
    assert [one["id"] for one in roots.json] == [root]
    assert world.site("GET", f"/api/v1/accounts/{school}").json["root_account_id"] == root


def test_no_sub_account_stands_directly_below_site_admin(world: Bench) -> None:
    refused = world.site("POST", "/api/v1/accounts/site_admin/sub_accounts", form={"account[name]": "X"})

    assert refused.status == 400


def test_only_a_sub_account_without_children_can_be_deleted(world: Bench) -> None:
    root = world.root_account()
    college = world.sub_account(root)
    school = world.sub_account(college)
    path = f"/api/v1/accounts/{root}/sub_accounts"

    assert world.site("DELETE", f"{path}/{college}").status == 409
    assert world.site("DELETE", f"{path}/{school}").json["workflow_state"] == "deleted"
    assert world.site("DELETE", f"{path}/{school}").status == 404
    assert world.site("DELETE", f"{path}/{root}").status == 404
    assert world.site("DELETE", f"/api/v1/accounts/{college}/sub_accounts/{college}").status == 404
    assert world.site("GET", f"/api/v1/accounts/{school}").status == 404
    assert world.site("DELETE", f"{path}/{college}").status == 200
    assert len(world.audited("account.deleted")) == 2


def test_an_account_shows_itself_to_its_own_people_only(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    admin, person, stranger = world.admin(root), world.person(root), world.person(other)
    path = f"/api/v1/accounts/{root}"

    full = world.call("GET", path, token=admin.token).json
    limited = world.call("GET", path, token=person.token).json

    assert full["domain"] == "one.test"
    assert "domain" not in limited
    assert limited["name"] == "One"
    assert world.call("GET", path, token=stranger.token, host="two.test").message == NOT_THERE
    assert world.call("GET", path, token=stranger.token, host="one.test").status == 401
    assert world.site("GET", "/api/v1/accounts/4711").status == 404
    assert world.call("GET", path).status == 401


def test_the_accounts_listed_are_those_one_administers(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    college = world.sub_account(root)
    admin, person = world.admin(college), world.person(root)

    def listed(token: str) -> list[int]:
        return [account["id"] for account in world.call("GET", "/api/v1/accounts", token=token).json]

    assert listed(admin.token) == [college]
    assert listed(person.token) == []
    assert [one["id"] for one in world.site("GET", "/api/v1/accounts").json] == [1, root, other]


def test_administrators_change_their_account_and_nobody_elses(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    admin, person = world.admin(root), world.person(root)
    form = {"account[name]": "New", "account[default_time_zone]": "Europe/Berlin"}

    changed = world.call("PUT", f"/api/v1/accounts/{root}", token=admin.token, form=form)

    assert (changed.json["name"], changed.json["default_time_zone"]) == ("New", "Europe/Berlin")
    assert world.call("PUT", f"/api/v1/accounts/{root}", token=person.token, form=form).status == 403
    assert world.call("PUT", f"/api/v1/accounts/{other}", token=admin.token, form=form).status == 404
    (entry,) = world.audited("account.updated")
    assert entry.before["name"] == "One"
    assert entry.after["name"] == "New"


def test_a_right_in_a_sub_account_does_not_reach_up(world: Bench) -> None:
    root = world.root_account()
    college = world.sub_account(root)
    admin = world.admin(college)
    form = {"account[name]": "New"}

    assert world.call("PUT", f"/api/v1/accounts/{root}", token=admin.token, form=form).status == 403
    assert world.call("PUT", f"/api/v1/accounts/{college}", token=admin.token, form=form).status == 200
    below = world.call("POST", f"/api/v1/accounts/{college}/sub_accounts", token=admin.token, form=form)
    assert below.json["parent_account_id"] == college


def test_operators_switch_policies_on_and_off(world: Bench) -> None:
    root = world.root_account()
    path = f"/api/keystead/v1/accounts/{root}"

    on = world.site("PATCH", path, json={"policies": {"regenerate_secrets": True}, "post_only_deny": "1"})
    off = world.site("PATCH", path, json={"policies": {"post_only_deny": False}})
    same = world.site("PATCH", path, json={})

    assert {name for name, switched in on.json["policies"].items() if switched} == {
        "regenerate_secrets",
        "post_only_deny",
    }
    assert off.json["policies"]["post_only_deny"] is False
    assert same.json == off.json
    assert len(world.audited("account.policies_set")) == 2
    assert world.site("PATCH", path, json={"policies": {"regenrate": True}}).status == 400
    assert world.site("PATCH", path, json={"policies": {"post_only_deny": "maybe"}}).status == 400
    assert world.site("PATCH", path, json={"policies": []}).status == 400


def test_a_consortium_has_two_levels(world: Bench) -> None:
    parent, child, third = (world.root_account(name) for name in ("One", "Two", "Three"))
    college = world.sub_account(parent)

    def joined(account: int, to: object) -> int:
        path = f"/api/keystead/v1/accounts/{account}"
        return world.site("PATCH", path, json={"consortium_parent_id": to}).status

    assert joined(child, child) == 400
    assert joined(child, college) == 400
    assert joined(child, 1) == 400
    assert joined(child, 4711) == 400
    assert joined(1, parent) == 400
    assert joined(college, parent) == 400
    assert joined(child, parent) == 200
    assert joined(parent, third) == 400
    assert joined(third, child) == 400
    assert joined(child, None) == 200
    assert joined(parent, third) == 200


def test_operators_values_are_for_site_admins_administrators(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    admin = world.admin(root)
    role = world.role(1, "Auditor", "manage_account_settings")
    limited = world.admin(1, role)
    body = {"policies": {"regenerate_secrets": True}}

    def asked(token: str, account: int) -> int:
        return world.call("PATCH", f"/api/keystead/v1/accounts/{account}", token=token, json=body).status

    assert asked(admin.token, root) == 403
    assert asked(admin.token, other) == 404
    assert asked(limited.token, root) == 403
