"""The HTTP client: events in with retries, questions out. For the bulk ingester, the demo, your programs."""

from pulsestream.client.connection import Attempt
from pulsestream.client.delivery import Client, Delivery
from pulsestream.client.receipt import BrokenRule, Receipt, Refused
from pulsestream.client.retry import RetryPolicy

__all__ = ["Attempt", "BrokenRule", "Client", "Delivery", "Receipt", "Refused", "RetryPolicy"]
