"""What peers send: taken at the door (cheap until verified, durable, then 202), processed by the worker afterwards."""
