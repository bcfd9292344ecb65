"""The embedded training service: a small HTTP server that speaks the Arkor protocol.

A program of its own: it imports the standard library and aiohttp, and nothing else of this
project imports it but the command line. Entry points are in `service` (`serve`, `find_service`)
and `living` (`count_jobs`, `stop_jobs`). State lives in the files of the job folders; every
running job has a keeper process (`keeper`) that outlives the service.
"""
