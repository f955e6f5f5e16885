"""The media server behind one door: `rooms.py`. Only this package knows Janus; `fake.py` stands in for it in tests."""
