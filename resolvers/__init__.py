"""How a request is answered: the planner, and a module per capability."""
