"""The Open Inference Protocol, version 2, as far as it is bytes: requests and responses, and what an API is in it.

    datatypes    names of element types <-> sizes, codes, numpy's names
    elements     raw little-endian numbers and length-prefixed texts <-> lists of Python values
    tensors      Tensor: name, datatype, shape, and its elements in one of the two forms
    request      the body of an infer request -> InferRequest; its rows by a look at the head
    response     tensors -> the body of a response, as the request asked for it
    signature    JSON Schemas of an API -> the tensors that it takes and gives
    metadata     documents about a server and its models

JSON tensors, and the binary tensor data extension: a body of a JSON head and raw tensors behind it, the head's length
in `Inference-Header-Content-Length`. Nothing here knows HTTP, gRPC or numpy. Arguments and results are made of tensors
in `payload/inference/`; the routes are in `http/inference/`, gRPC in `grpc/`.

Values are Structs: every request makes some, and each server's start all of their classes, 40 times as fast.

Source: https://github.com/kserve/open-inference-protocol (inference_rest.md), and Triton's extensions of it
(extension_binary_data.md, extension_model_repository.md in triton-inference-server/server).
"""
