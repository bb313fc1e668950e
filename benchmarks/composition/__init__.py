"""Services that call services: how fast, and what becomes of calls whose callee dies.

compare     a pipeline of two services, and 10 MB arrays between them, beside BentoML
windows     the course's exercise over its batching windows
storm       callees killed, stopped and slow, clients that leave, deadlines that pass: what is left behind
"""
