"""The Open Inference Protocol over gRPC, where `grpc.enabled` says so. Alone in touching grpcio and protobuf.

    messages    the protocol's messages, in a pool of their own
    requests    ModelInferRequest -> the body of an infer request, as HTTP would bring it
    responses   the body of a response -> ModelInferResponse
    inference   Inference: the calls of the protocol, answered by the APIs
    credentials TLS, as HTTP has it
    opening     GrpcServer, where the configuration asks for one
    stream      ModelStreamInfer: requests of one stream side by side, answers in order
    statuses    the status of a reply -> gRPC's
    server      GrpcServer: grpcio's server in the front's event loop

A request takes the same way as one by HTTP, from the body on. A client that cancels, or whose deadline passes, cancels
the task that answers it.
"""
