"""The service API: what a user writes, read once when the module is imported and checked then.

    service.py    @service -> Service            the class, its config, models, hooks and endpoints
    api.py        @api     -> Endpoint           one method that answers requests
    task.py       @task                          an API that is a task besides     ── task_options  what a task was told
    example.py    @api(example=...)              a sample input, checked
    config.py     the keys of @service           which exist, which are acted on
    signature.py  a method's parameters          annotations resolved, Context found, sync or async, whole or stream
    context.py    Context                        a request's own view: headers in, status and headers out
    headers.py    Headers, MutableHeaders        header fields by name           ── address, cookies
    specs.py      input_spec, output_spec        what a method takes and gives, said beside its signature
    hooks.py      @on_startup, @on_shutdown; __is_alive__, __is_ready__
    mounts.py     @asgi_app -> Mount             an ASGI app beside the APIs     ── wsgi  a WSGI app as one
    class_views.py                               routes of an app that are methods of the class
    middlewares.py  Middleware                   an ASGI middleware around all of them
    gradio_app.py mount_gradio_app               the same with a Gradio interface
    arguments.py  use_arguments                  values that a build fills in
    monitoring.py monitor                        records of what a service saw and said
    server_context.py  server_context, get_current_service, importing    what a service may ask of its process

Every mistake in a declaration is a ServiceError here, and what this version does not act on NotActedOn, with file, line
and remedy; nothing is found out at the first request.
"""
