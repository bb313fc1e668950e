"""The labelled tickets that the classifier is trained on. Small on purpose: the embedding model does the work."""

from __future__ import annotations

TICKETS: dict[str, list[str]] = {
    "billing": [
        "I was charged twice for my subscription this month",
        "please refund the last invoice",
        "refund needed",
        "why is my bill higher than the plan I chose",
        "the payment failed but the money left my account",
        "how do I change the credit card you charge",
    ],
    "account": [
        "I cannot log in to my account",
        "cannot log in",
        "the password reset mail never arrives",
        "my account is locked after too many attempts",
        "how do I turn on two-factor authentication",
        "I want to change the email address I sign in with",
    ],
    "technical": [
        "the app crashes when I open the settings page",
        "the export fails with an internal server error",
        "pages take a minute to load since the update",
        "the integration returns an invalid token error",
        "uploading a file larger than 10 MB hangs",
        "the dashboard shows no data for yesterday",
    ],
}
