"""The native engine: a Bento becomes an image without a daemon, its wheels becoming layers directly.

    wheels/        a wheel -> the files that an installer makes of it
    bytecode       their .pyc files, by an interpreter of the image's version
"""
