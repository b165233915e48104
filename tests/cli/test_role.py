"""``keystead role``: an auditor is made in one step, shown, given to somebody and taken away again."""

from sqlalchemy import create_engine, select

from cli.test_vetting import run, told
from keystead.storage.schema import audit


def test_an_auditor_is_made_given_and_taken_away(url: str) -> None:
    made = told("role", "auditor", "--account", "site_admin", "--because", "yearly")
    role = str(made["id"])
    run("role", "give", role, "siteadmin", "--account", "site_admin")
    given = told("role", "show", "Auditor", "--account", "site_admin")
    run("role", "take", "Auditor", "siteadmin", "--account", "site_admin", "--because", "over")
    taken = told("role", "show", role, "--account", "site_admin")

    assert made["rights"] == ["export_developer_key_records", "view_developer_key_audit", "view_developer_keys"]
    assert (given["people"], taken["people"]) == (["Site Admin"], [])
    with create_engine(url).connect() as connection:
        entries = connection.execute(select(audit.c.action, audit.c.because).order_by(audit.c.id)).all()
    assert [tuple(entry) for entry in entries][-3:] == [
        ("role.created", "yearly"), ("admin.appointed", None), ("admin.dismissed", "over"),
    ]  # fmt: skip


def test_roles_are_listed_and_their_rights_told_in_words(url: str) -> None:
    run("role", "auditor", "--account", "site_admin", "--label", "Checker")

    listed = told("role", "list", "--account", "site_admin")
    shown = run("role", "show", "Checker", "--account", "site_admin")

    assert [(one["label"], one["state"]) for one in listed] == [("AccountAdmin", "built_in"), ("Checker", "active")]
    assert "Checker  (3 rights)" in run("role", "list", "--account", "site_admin")
    assert "view_developer_key_audit: Read the audit" in shown
    assert "people here: none" in shown
    run("role", "show", "Nobody's", "--account", "site_admin", status=1)
    run("role", "give", "Checker", "nobody", "--account", "site_admin", status=1)
    run("role", "auditor", "--account", "site_admin", "--label", "Checker", status=1)
