"""A federated community server: health-topic groups, articles and threaded discussions on ActivityPub."""

__version__ = "0.1.0"
