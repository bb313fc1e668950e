"""What `payload/values.py` carries beside plain data: a module for each library, imported when it is first needed.

    arrays     numpy: arrays of numbers, text, times and objects; scalars as plain numbers
    frames     pandas: data frames and series, column by column
    tensors    torch: tensors, on the processor
    images     PIL: pixels as they are
    files      pathlib: the content of a file, and its name
    sparse     scipy: sparse matrices

Each offers `write` and `read` (`values.ValueKind`).
"""
