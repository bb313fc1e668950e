"""Tensors of the Open Inference Protocol <-> arguments and results, in the worker.

    arguments   the tensors of a request -> arguments by name, each as its parameter wants it
    results     a result -> tensors: arrays, lists, numbers; a dictionary, tuple or frame of several
    arrays      numpy's side of both
    tensors     torch's
    frames      pandas's

`arrays`, `tensors` and `frames` are imported when the first value of their library comes.
"""
