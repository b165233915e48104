from world import Bench


def admins(account: int) -> str:
    return f"/api/v1/accounts/{account}/admins"


def test_account_admin_is_the_role_given_when_none_is_named(world: Bench) -> None:
    root = world.root_account()
    ada = world.person(root, "Ada Lovelace", "ada")

    seat = world.site("POST", admins(root), form={"user_id": ada.id}).json

    assert (seat["role"], seat["workflow_state"]) == ("AccountAdmin", "active")
    assert (seat["user"]["id"], seat["user"]["login_id"]) == (ada.id, "ada")
    assert world.call("GET", admins(root), token=ada.token).json == [seat]
    assert world.call("GET", f"{admins(root)}/self", token=ada.token).json == [seat]


def test_who_has_the_role_already_keeps_the_same_seat(world: Bench) -> None:
    root = world.root_account()
    ada = world.person(root)

    first = world.site("POST", admins(root), form={"user_id": ada.id})
    again = world.site("POST", admins(root), json={"user_id": 10**13 + ada.id, "role": "AccountAdmin"})

    assert first.json == again.json
    assert len(world.audited("admin.appointed")) == 1


def test_roles_are_named_by_label_or_id(world: Bench) -> None:
    root = world.root_account()
    college = world.sub_account(root)
    role = world.role(root, "Registrar", "read_roster")
    ada = world.person(root)

    by_label = world.site("POST", admins(college), form={"user_id": ada.id, "role": "Registrar"})
    by_id = world.site("POST", admins(college), form={"user_id": ada.id, "role_id": f"1~{role}"})

    assert by_label.json["role_id"] == role
    assert by_id.json == by_label.json


def test_a_role_that_is_not_to_be_had_here_is_refused(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    foreign, resting = world.role(other, "Foreign"), world.role(root, "Resting")
    world.site("DELETE", f"/api/v1/accounts/{root}/roles/{resting}")
    ada = world.person(root)

    for wanted in ({"role_id": foreign}, {"role": "Foreign"}, {"role_id": resting}, {"role": "No"}, {"role_id": "x"}):
        assert world.site("POST", admins(root), form={"user_id": ada.id} | wanted).status == 400


def test_only_people_of_the_tenant_can_administer_it(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    admin, stranger = world.admin(root), world.person(other)

    assert world.call("POST", admins(root), token=admin.token, form={"user_id": stranger.id}).status == 404
    assert world.call("POST", admins(root), token=admin.token, form={"user_id": 4711}).status == 404
    assert world.call("POST", admins(root), token=admin.token).message == "user_id is missing"
    assert world.site("POST", admins(1), form={"user_id": stranger.id}).status == 200


def test_nobody_gives_or_takes_a_role_with_rights_they_lack(world: Bench) -> None:
    root = world.root_account()
    role = world.role(root, "Staffing", "manage_account_memberships", "read_roster")
    small = world.role(root, "Reader", "read_roster")
    staffing, ada, admin = world.admin(root, role), world.person(root), world.admin(root)

    def appoint(**wanted: object) -> int:
        form = {"user_id": ada.id} | wanted
        return world.call("POST", admins(root), token=staffing.token, form=form).status

    assert appoint() == 403
    assert appoint(role_id=small) == 200
    assert appoint(role_id=role) == 200
    assert world.call("DELETE", f"{admins(root)}/{admin.id}", token=staffing.token).status == 403
    assert world.call("POST", admins(root), token=ada.token, form={"user_id": ada.id}).status == 403
    form = {"user_id": staffing.id}
    assert world.call("POST", "/api/v1/accounts/site_admin/admins", token=admin.token, form=form).status == 403


def test_an_administrator_of_a_college_appoints_there_and_not_above(world: Bench) -> None:
    root = world.root_account()
    college = world.sub_account(root)
    dean, ada = world.admin(college), world.person(root)

    assert world.call("POST", admins(college), token=dean.token, form={"user_id": ada.id}).status == 200
    assert world.call("POST", admins(root), token=dean.token, form={"user_id": ada.id}).status == 403


def test_a_role_is_taken_away_once(world: Bench) -> None:
    root = world.root_account()
    ada = world.admin(root)

    taken = world.site("DELETE", f"{admins(root)}/{ada.id}")

    assert taken.json["workflow_state"] == "deleted"
    assert world.site("DELETE", f"{admins(root)}/{ada.id}").status == 404
    assert world.call("GET", admins(root), token=ada.token).status == 403
    (entry,) = world.audited("admin.dismissed")
    assert (entry.subject_id, entry.account_id) == (ada.id, root)


def test_tenants_do_not_see_each_others_administrators(world: Bench) -> None:
    root, other = world.root_account("One"), world.root_account("Two")
    stranger, person = world.admin(other), world.person(root)

    assert world.call("GET", admins(root), token=stranger.token, host="two.test").status == 404
    assert world.call("GET", f"{admins(root)}/self", token=stranger.token, host="two.test").status == 404
    assert world.call("GET", f"{admins(root)}/self", token=person.token).json == []
