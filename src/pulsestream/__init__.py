"""PulseStream: takes API-call events over HTTP, keeps each one exactly once, and finds them again."""
