"""kazoo against one server. Argument: the connect string."""

import logging
import sys

from cases import Cases
from client_cases import ClientCases
from recipe_cases import RecipeCases

logging.basicConfig(level=logging.WARNING)
cases = Cases()
ClientCases(sys.argv[1], cases).add()
RecipeCases(sys.argv[1], cases).add()
cases.end()
