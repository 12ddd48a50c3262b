"""The HTTP API over real sockets: the app under uvicorn, spoken to as any client would."""
