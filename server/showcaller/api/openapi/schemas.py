"""The schemas of bodies and answers, by name."""

from __future__ import annotations

from .parts import Spec

SCHEMAS: Spec = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail", "code", "retry"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "description": "Stable, for machines"},
            "retry": {"type": "boolean"},
            "field": {"type": "string"},
            "retry_after_s": {"type": "integer"},
        },
    },
    "Events": {
        "type": "object",
        "required": ["events"],
        "properties": {
            "events": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["id", "title"],
                    "properties": {
                        "id": {"type": "string"},
                        "title": {"type": "string"},
                        "summary": {"type": "string"},
                        "time_zone": {"type": "string"},
                        "time_zone_label": {"type": "string"},
                        "starts_at_ms": {"type": "integer"},
                        "ends_at_ms": {"type": "integer"},
                        "utc_offsets": {"type": "array", "items": {"type": "object"}},
                        "days": {"type": "array", "items": {"type": "object"}},
                        "clock": {"type": "object", "description": "As in PROTOCOL.md §4"},
                        "live": {
                            "type": "integer",
                            "description": "Sessions that are on, but for breaks",
                        },
                        "brand": {"type": "object", "description": "As in PROTOCOL.md §4"},
                    },
                },
            }
        },
    },
    "Agenda": {
        "type": "object",
        "required": ["epoch", "offset", "items"],
        "properties": {
            "epoch": {"type": "string"},
            "offset": {"type": "integer"},
            "items": {"type": "object", "description": "As in PROTOCOL.md §4"},
        },
    },
    "Registration": {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 400},
            "email": {"type": "string", "maxLength": 254},
            "invite_code": {"type": "string", "maxLength": 200},
        },
    },
    "Code": {
        "type": "object",
        "required": ["code", "expires_at_ms"],
        "properties": {"code": {"type": "string"}, "expires_at_ms": {"type": "integer"}},
    },
    "CodeUse": {
        "type": "object",
        "required": ["code", "browser"],
        "properties": {
            "code": {"type": "string", "minLength": 1, "maxLength": 64},
            "browser": {"type": "string", "minLength": 16, "maxLength": 64},
            "name": {"type": "string", "maxLength": 400, "description": "What a guest is called"},
        },
    },
    "Reminders": {
        "type": "object",
        "required": ["push_key", "push", "mail_offered", "mail", "confirmed"],
        "properties": {
            "push_key": {"type": "string", "description": "VAPID; empty: no Web Push here"},
            "push": {"type": "array", "items": {"type": "string"}, "description": "Endpoints"},
            "mail_offered": {"type": "boolean"},
            "mail": {"type": "string", "description": "Empty: none"},
            "confirmed": {"type": "boolean"},
        },
    },
    "PushSubscription": {
        "type": "object",
        "required": ["endpoint", "keys"],
        "properties": {
            "endpoint": {"type": "string", "minLength": 1, "maxLength": 1000},
            "keys": {
                "type": "object",
                "required": ["p256dh", "auth"],
                "properties": {"p256dh": {"type": "string"}, "auth": {"type": "string"}},
            },
        },
    },
    "Endpoint": {
        "type": "object",
        "required": ["endpoint"],
        "properties": {"endpoint": {"type": "string", "minLength": 1, "maxLength": 1000}},
    },
    "MailAddress": {
        "type": "object",
        "required": ["address"],
        "properties": {"address": {"type": "string", "minLength": 1, "maxLength": 254}},
    },
    "Confirmation": {
        "type": "object",
        "required": ["code"],
        "properties": {"code": {"type": "string", "minLength": 1, "maxLength": 1000}},
    },
    "Quality": {
        "type": "object",
        "required": ["event", "talks"],
        "properties": {
            "event": {"type": "string"},
            "talks": {
                "type": "array",
                "items": {
                    "type": "object",
                    "description": "A TalkQuality of PROTOCOL.md §4, and what it is of",
                    "required": ["session", "title", "stage", "start_ms", "end_ms"],
                },
            },
        },
    },
    "Token": {
        "type": "object",
        "required": ["token", "person", "name", "roles", "expires_at_ms"],
        "properties": {
            "token": {"type": "string"},
            "person": {"type": "string"},
            "name": {"type": "string"},
            "roles": {"type": "array", "items": {"type": "string"}},
            "expires_at_ms": {"type": "integer"},
        },
    },
}
