"""The pages of people: signing in, staff, patients, devices, agreements, the trail."""
