"""What an image stands on, as a bentofile says it: `docker.distro`, `cuda_version`, `python_version`, `base_image`.

    standing       `Standing`: the base, and where its Python comes from if it brings none
    ├── distributions   the systems that `docker.distro` names: their images, package managers, Pythons
    ├── cuda            NVIDIA's images by `docker.cuda_version`
    └── slim            the images of Python, by the C library that they are made for
    cuda_wheels    wheels of a lock that bring CUDA or need it, and what is wrong about them

Names and rules only; everything here is pure. Images themselves are opened in `image/native/bases`.
"""
