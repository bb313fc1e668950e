"""BentoML's classic style: services of functions, with models in runners.

    service      `Service(name, runners=[...])`, `@svc.api`: a Service whose class is made for it
    ├── functions   a function and its descriptors -> Endpoint
    │   ├── specs      descriptors as InputSpec and OutputSpec
    │   └── io/        JSON, Text, NumpyNdarray, ...: `ekiben.io`
    ├── hooks       the instance that functions are methods of, and hooks that get a Context
    └── runners     a Runner as a service of its own, and the dependency on it
        ├── arguments   what its methods are called with, as an InputSpec
        └── handle      where its calls go while the service is served

Declarations of runners are in `frameworks`; what a configuration file says of them is in `config/classic`. The engine
serves all of this as it serves classes.
"""
