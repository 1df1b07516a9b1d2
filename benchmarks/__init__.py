"""What the budgets are measured with: `make bench`, `make faults`, or each module by itself (see their `--help`)."""

import logging

import structlog

# As a server logs: a line an activity would be measured with it.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
