"""Calendars as other programs write and read them: iCalendar, RFC 5545. What is in them is the model's."""
