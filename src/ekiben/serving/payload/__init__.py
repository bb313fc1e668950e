"""Bytes <-> Python values: how the parameters of an API are read from a body, and how its result becomes one.

    input.py      InputSpec     a body -> arguments by name; which media types, missing and unknown fields
    output.py     OutputSpec    a result -> a body
    stream.py     StreamSpec    what a method yields -> the pieces of a body; events.py: SSE
    kinds.py      annotation -> codec: the one place that knows all kinds; annotations.py takes annotations apart
    marks.py      Shape, DType, DataframeSchema, ContentType: what stands beside a type; array_form.py: of arrays
    codec.py      the Protocols of a codec: ValueCodec (JSON), FileCodec (uploads), OutputCodec
      json_values.py   everything pydantic understands         arrays.py   numpy arrays
      files.py         pathlib.Path, and lists of files        frames.py   pandas DataFrame, Series
      npy.py           arrays as numpy's own files             images.py   PIL images
      text.py          text and bytes as they are              tensors.py  torch tensors
    inference/    tensors of the Open Inference Protocol <-> arguments and results
    plain.py      a JSON body read in one pass, while nothing is wrong with it
    multipart.py  a multipart/form-data body -> its parts, within limits
    folder.py     RequestFolder: where uploads lie while a call runs
    rows.py       how many rows a body has, without decoding it
    schemas.py    JSON Schemas of several types put together

`arrays`, `tensors`, `frames` and `images` import their library at the top and are loaded only for its annotations.
What JSON cannot say: NaN and the infinities are refused in requests and become `null` in replies; `null` in a numeric
array is NaN. Bytes are base64 text. Nothing is ever unpickled, and a URL or path given for a file is never opened.
"""
