"""Messages to people and calls of endpoints: each tells of an event that was handled, and goes out."""

from services.launcher.audit.rules import Rule, Subject

DELIVERIES = Subject(
    "deliveries",
    "SELECT count(*) FROM notification.deliveries",
    (
        Rule(
            "a message goes by some channel, unless its reader chose none",
            """
            SELECT id, concat(event_type, ' about ', subject, ' is on no channel') AS what
            FROM notification.messages WHERE NOT EXISTS (
                SELECT FROM notification.deliveries WHERE message_id = messages.id) AND NOT EXISTS (
                SELECT FROM notification.preferences AS preference
                WHERE preference.recipient_id = messages.recipient_id
                AND choices -> event_type IS NOT NULL)
            """,
        ),
        Rule(
            "what is delivered tells of an event that was handled",
            """
            SELECT id, concat('nobody handled event ', event_id, ', ', event_type, ' about ', subject) AS what
            FROM notification.deliveries, moments WHERE created_at > kept AND NOT EXISTS (
                SELECT FROM received WHERE consumer = 'notification' AND message_id = event_id)
            """,
        ),
        Rule(
            "a delivery goes out in time",
            """
            SELECT id, concat(event_type, ' by ', channel, ' is ', state, ' and was due at ', due_at, ': ',
                reason) AS what
            FROM notification.deliveries, moments WHERE due_at < since
            """,
        ),
    ),
)
