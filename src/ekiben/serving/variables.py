"""Variables by which an image, or whoever starts a server, says what is to be served. For who imports nothing more."""

BENTO_VARIABLE = "EKIBEN_BENTO"  # the folder of the loaded Bento: lookups of models stay inside it
VERSION_VARIABLE = "EKIBEN_BENTO_VERSION"  # set in images, where no receipt says it
ARGUMENTS_VARIABLE = "EKIBEN_ARGS"  # what a service gets by `use_arguments`, a JSON object
WORKER_VARIABLE = "EKIBEN_WORKER"  # set for a worker's process: its index, and the name of its service
