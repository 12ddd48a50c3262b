"""The deployed shape on a laptop: sign-in, the gateway and its authoriser, over real sockets."""
