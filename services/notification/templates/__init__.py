"""The product's templates: one file beside this one for each type of event that people are told about."""

from importlib import resources

import yaml

from services.notification.domain.templates import Template, TemplateBook


def load() -> TemplateBook:
    """Reads and validates all files.

    Raises:
        ValueError: a file is not a template, or two are for the same event and locale.
    """
    files = sorted(
        (each for each in resources.files(__name__).iterdir() if each.name.endswith(".yaml")),
        key=lambda each: each.name,
    )
    templates = [Template.model_validate(yaml.safe_load(each.read_text("utf-8"))) for each in files]
    if len({(each.event_type, each.locale) for each in templates}) < len(templates):
        raise ValueError("two templates are for the same event and locale")
    return TemplateBook(templates)


# Part of the code as much as any module, and so read when it is, once, not in the event loop.
PRODUCT = load()
