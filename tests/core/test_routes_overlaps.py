import json
from functools import cache
from importlib.resources import files

import pytest

from keystead.core.catalogue import from_entries
from keystead.core.routes import RouteTable, compile_routes

pytestmark = pytest.mark.pure

# verb, what both begin with, the rest of the one meant, the rest of the other
OVERLAPS = """
GET /api/quiz/v1/courses/:course_id/quizzes/:assignment_id/items/ media_upload_url :item_id
GET /api/v1/accounts/:account_id/blackout_dates/ new :id
GET /api/v1/accounts/:account_id/content_migrations/ migrators :id
GET /api/v1/accounts/:account_id/external_tools/ sessionless_launch :external_tool_id
GET /api/v1/accounts/:account_id/roles/ permissions :id
GET /api/v1/accounts/:account_id/sis_imports/ importing :id
GET /api/v1/accounts/:account_id/temporary_enrollment_pairings/ new :id
GET /api/v1/accounts/ search :id
GET /api/v1/appointment_groups/ next_appointment :id
GET /api/v1/conversations/ batches :id
GET /api/v1/conversations/ find_recipients :id
GET /api/v1/conversations/ unread_count :id
GET /api/v1/courses/:course_id/ai_experiences/ new :id
GET /api/v1/courses/:course_id/assignments/ gradeable_students :id
GET /api/v1/courses/:course_id/assignments/ overrides :id
PUT /api/v1/courses/:course_id/assignments/ bulk_update :id
PUT /api/v1/courses/:course_id/assignments/ overrides :id
GET /api/v1/courses/:course_id/blackout_dates/ new :id
GET /api/v1/courses/:course_id/content_migrations/ migrators :id
PUT /api/v1/courses/:course_id/discussion_topics/ read_all :topic_id
GET /api/v1/courses/:course_id/external_tools/ sessionless_launch :external_tool_id
GET /api/v1/courses/:course_id/external_tools/ visible_course_nav_tools :external_tool_id
GET /api/v1/courses/:course_id/files/ quota :id
GET /api/v1/courses/:course_id/folders/ by_path :id
GET /api/v1/courses/:course_id/folders/ media :id
GET /api/v1/courses/:course_id/gradebook_history/ days :date
GET /api/v1/courses/:course_id/gradebook_history/ feed :date
GET /api/v1/courses/:course_id/pages/:url_or_id/revisions/ latest :revision_id
GET /api/v1/courses/:course_id/quizzes/ assignment_overrides :id
POST /api/v1/files/ update_word_count :id
GET /api/v1/groups/:group_id/content_migrations/ migrators :id
PUT /api/v1/groups/:group_id/discussion_topics/ read_all :topic_id
GET /api/v1/groups/:group_id/files/ quota :id
GET /api/v1/groups/:group_id/folders/ by_path :id
GET /api/v1/groups/:group_id/folders/ media :id
GET /api/v1/groups/:group_id/pages/:url_or_id/revisions/ latest :revision_id
GET /api/v1/users/ activity_stream :id
DELETE /api/v1/users/ self/communication_channels/push :user_id/communication_channels/:id
GET /api/v1/users/:user_id/content_migrations/ migrators :id
GET /api/v1/users/:user_id/content_shares/ received :id
GET /api/v1/users/:user_id/content_shares/ sent :id
GET /api/v1/users/:user_id/content_shares/ unread_count :id
GET /api/v1/users/:user_id/files/ quota :id
GET /api/v1/users/:user_id/folders/ by_path :id
GET /api/v1/accounts/:account_id/apps/ by_utid/:utid :id/history
GET /api/v1/accounts/:account_id/apps/ install_status/:client_id :id/history
GET /api/v1/accounts/:account_id/apps/ by_utid/:utid :id/latest_update_request
GET /api/v1/accounts/:account_id/apps/ install_status/:client_id :id/latest_update_request
GET /api/v1/accounts/:account_id/apps/ by_utid/:utid :id/overlay_history
GET /api/v1/accounts/:account_id/apps/ install_status/:client_id :id/overlay_history
GET /api/v1/accounts/:account_id/lti_registrations/ by_utid/:utid :id/history
GET /api/v1/accounts/:account_id/lti_registrations/ install_status/:client_id :id/history
GET /api/v1/accounts/:account_id/lti_registrations/ by_utid/:utid :id/latest_update_request
GET /api/v1/accounts/:account_id/lti_registrations/ install_status/:client_id :id/latest_update_request
GET /api/v1/accounts/:account_id/lti_registrations/ by_utid/:utid :id/overlay_history
GET /api/v1/accounts/:account_id/lti_registrations/ install_status/:client_id :id/overlay_history
GET /api/v1/accounts/:account_id/lti_registrations/ by_utid/:utid :registration_id/controls
GET /api/v1/accounts/:account_id/lti_registrations/ install_status/:client_id :registration_id/controls
GET /api/v1/accounts/:account_id/rubrics/ upload/:id :id/used_locations
GET /api/v1/courses/:course_id/files/ file_ref/:migration_id :attachment_id/date_details
GET /api/v1/courses/:course_id/rubrics/ upload/:id :id/used_locations
GET /api/v1/users/:user_id/communication_channels/ :communication_channel_id/notification_preferences/:notification \
:type/:address/notification_preferences
PUT /api/v1/users/self/communication_channels/ :communication_channel_id/notification_preference_categories/:category \
:type/:address/notification_preferences
PUT /api/v1/users/self/communication_channels/ :communication_channel_id/notification_preferences/:notification \
:type/:address/notification_preferences
"""


def overlaps() -> list[tuple[str, str, str]]:
    """The pairs of Canvas's templates that share a path, as (verb, the one meant, the other)."""
    rows = [line.split() for line in OVERLAPS.strip().splitlines()]
    return [(verb, prefix + wins, prefix + loses) for verb, prefix, wins, loses in rows]


@cache
def canvas() -> RouteTable:
    return compile_routes(
        from_entries(json.loads(files("keystead.core").joinpath("canvas_scopes.json").read_text())).routes()
    )


@pytest.mark.parametrize(("verb", "wins", "loses"), overlaps())
def test_of_two_templates_that_match_the_first_text_from_the_left_wins(verb: str, wins: str, loses: str) -> None:
    path = "/".join(
        one if not one.startswith(":") else other if not other.startswith(":") else "7"
        for one, other in zip(wins.split("/"), loses.split("/"), strict=True)
    )

    found = canvas().match(verb, path)

    matching = {route.template for index, route in enumerate(canvas().routes) if found.mask >> index & 1}
    assert {wins, loses} <= matching
    assert found.route is not None
    assert found.route.template == wins


def test_every_known_overlap_is_tried() -> None:
    assert len(overlaps()) == 44 + 20
