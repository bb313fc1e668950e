"""The native engine: a Bento becomes an image without a daemon, its wheels becoming layers directly.

    wheels/          a wheel -> the files that an installer makes of it
    bytecode         the .pyc of these files
    ├── interpreters     which Python of this machine can compile them
    └── compile_worker   the program that does, in as many processes as there are cores

What is made is entries of layers (`ekiben.oci.entries`); nothing is unpacked or run to make them.
"""
