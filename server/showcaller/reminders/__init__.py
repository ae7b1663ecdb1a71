"""Reminders of what people have starred: planned by the fold, sent by Web Push and by mail."""
