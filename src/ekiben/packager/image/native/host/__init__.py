"""`--base host`: a base image made of the running interpreter, for machines that no registry is in reach of.

    image        host_image: the one layer, and how it runs
    ├── library      the standard library, without what no service imports
    ├── linked       the shared libraries that it is linked to, as the machine's loader finds them
    ├── stripping    both without what only debuggers read
    └── system       the few files of /etc that programs ask for; /tmp

It has the builder's C library and processor, no shell, no package manager and no list of packages for scanners: good
for trying an image, and where nothing else can be had.
"""
