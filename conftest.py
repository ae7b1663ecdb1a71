"""For all tests: laws are no races. Machines that run them are busy, so no example has a deadline."""

from hypothesis import settings

settings.register_profile("showcaller", deadline=None)
settings.load_profile("showcaller")
