"""Extra links of a task in the web page."""
