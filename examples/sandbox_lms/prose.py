"""What stands on the pages of a course: real prose, of which some is as flawed as people write it."""

from sandbox_lms.records import Course


def page_body(course: Course, themes: tuple[str, ...], index: int, title: str) -> str:
    """The HTML of a course's page: equal at every call, and flawed in other places in each course."""
    opening = f"<h2>{title}</h2><p>{course.name}: {', '.join(themes)}.</p>"
    more = (_welcome, _picture, _steps, _help)
    return opening + (more[index](course, themes) if index < len(more) else "")


def _welcome(course: Course, themes: tuple[str, ...]) -> str:
    weeks = "".join(f"<li>{theme}</li>" for theme in themes)
    words = "click here" if course.id % 3 == 0 else "Read the syllabus"
    return f'<h3>What we will do</h3><ul>{weeks}</ul><p><a href="/courses/{course.id}/files">{words}</a></p>'


def _picture(course: Course, themes: tuple[str, ...]) -> str:
    """A figure, in every second course without a word for those who cannot see it."""
    source = f'src="/courses/{course.id}/files/{course.id * 100 + 3}/preview"'
    words = "" if course.id % 2 else f' alt="Diagram: {themes[0]} leads to {themes[1].lower()}"'
    return f"<h3>At a glance</h3><p><img {source}{words}></p>"


def _steps(course: Course, themes: tuple[str, ...]) -> str:
    """Headings, in every third course chosen for their size and not for their level."""
    level = 4 if course.id % 3 == 2 else 3
    return "".join(
        f"<h{level}>{step}</h{level}><p>Take an hour for {themes[1].lower()}.</p>" for step in ("Before", "After")
    )


def _help(course: Course, _themes: tuple[str, ...]) -> str:
    """A link, in every fourth course around an image that says nothing."""
    inside = '<img src="/images/mail.png" alt="">' if course.id % 4 == 0 else "Write to the teaching team"
    return f'<p><a href="/courses/{course.id}/users">{inside}</a></p>'
