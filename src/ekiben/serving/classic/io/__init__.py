"""`ekiben.io`: descriptors of what crosses HTTP, for `@svc.api(input=..., output=...)` of the classic style.

    descriptor   IODescriptor: reads a body or a part of a form, writes a result, has a schema
    json         JSON            text      Text
    arrays       NumpyNdarray    frames    PandasDataFrame    series    PandasSeries
    images       Image           files     File
    multipart    Multipart: several of them as the parts of a form

Options are BentoML's, and so is what they mean, but for replies to bad input: what BentoML's descriptors fail at with a
500 is a 400 or 415 here. Modules of a library are imported when a service names their descriptor.
"""
