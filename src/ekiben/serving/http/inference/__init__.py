"""The Open Inference Protocol over HTTP: KServe's, Seldon's and Triton's clients as clients of the same APIs.

    models     Models: the service's APIs that are models, by the names that they go by
    infer      InferCalls: an infer request is a request to the API, and its reply a response of the protocol
    encodings  bodies that came compressed
    routes     /v2/...

A body goes to the worker as it came, marked by a media type of its own (`oip/media.py`), through the API's own queue:
so requests of the protocol and others are joined in one batch, limited and counted together.
"""
