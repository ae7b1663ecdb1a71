"""`showcaller-load`: can this deployment hold our audience? Virtual attendees, a verdict, a report."""
