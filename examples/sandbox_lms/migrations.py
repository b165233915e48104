"""What came into a course from elsewhere: content migrations and blueprint subscriptions, for staff only."""

from functools import partial

from sandbox_lms.call import Call, Paged, paged, seat
from sandbox_lms.ids import local_id
from sandbox_lms.records import BlueprintMigration, BlueprintSubscription, ContentMigration
from sandbox_lms.refusals import not_found
from sandbox_lms.replies import Shape
from sandbox_lms.roles import Right
from sandbox_lms.state import in_course
from sandbox_lms.times import stamp


def content_migrations(call: Call) -> Paged:
    here = seat(call, Right.READ_ALL)
    found = in_course(call.state.content_migrations.values(), here.course)
    return paged(call, found, partial(_content_shape, call))


def subscriptions(call: Call) -> Paged:
    here = seat(call, Right.READ_ALL)
    found = in_course(call.state.subscriptions.values(), here.course)
    return paged(call, found, partial(_subscription_shape, call))


def blueprint_migrations(call: Call) -> Paged:
    """Imports through one subscription, the newest first; `default` means the course's only subscription."""
    here = seat(call, Right.READ_ALL)
    wanted = call.params["subscription_id"]
    mine = in_course(call.state.subscriptions.values(), here.course)
    found = next((each for each in mine if wanted == "default" or each.id == local_id(wanted)), None)
    if found is None:
        raise not_found()
    rows = [each for each in call.state.blueprint_migrations.values() if each.subscription_id == found.id]
    return paged(call, rows[::-1], partial(_blueprint_shape, found))


def _content_shape(call: Call, migration: ContentMigration) -> Shape:
    own = f"{call.public}/api/v1/courses/{migration.course_id}/content_migrations/{migration.id}"
    source = call.state.courses.get(migration.source_course_id or 0)
    settings = {"source_course_id": source.id, "source_course_name": source.name} if source else {}
    return {
        "id": migration.id,
        "user_id": migration.person_id,
        "workflow_state": migration.state,
        "started_at": stamp(migration.started_at),
        "finished_at": stamp(migration.finished_at),
        "created_at": stamp(migration.started_at),
        "migration_type": migration.kind,
        "migration_type_title": migration.kind_title,
        "migration_issues_url": f"{own}/migration_issues",
        "migration_issues_count": 0,
        "progress_url": f"{call.public}/api/v1/progress/{migration.id}",
        "settings": settings,
    }


def _subscription_shape(call: Call, subscription: BlueprintSubscription) -> Shape:
    blueprint = call.state.courses[subscription.blueprint_course_id]
    return {
        "id": subscription.id,
        "template_id": subscription.template_id,
        "blueprint_course": {
            "id": blueprint.id,
            "name": blueprint.name,
            "course_code": blueprint.code,
            "term_name": call.state.terms[blueprint.term_id].name,
        },
    }


def _blueprint_shape(subscription: BlueprintSubscription, migration: BlueprintMigration) -> Shape:
    return {
        "id": migration.id,
        "template_id": subscription.template_id,
        "subscription_id": subscription.id,
        "user_id": migration.person_id,
        "workflow_state": migration.state,
        "created_at": stamp(migration.created_at),
        "exports_started_at": stamp(migration.created_at),
        "imports_queued_at": stamp(migration.created_at),
        "imports_completed_at": stamp(migration.created_at),
        "comment": migration.comment,
    }
