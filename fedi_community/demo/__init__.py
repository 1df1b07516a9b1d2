"""Sample content of the project's own: groups, people, articles and talk, all invented and marked as sample.

Only data and readers of data live here. It writes to no database and knows no other room but `errors`.
"""
