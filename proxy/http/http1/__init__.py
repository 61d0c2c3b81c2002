"""HTTP/1.1 on the wire: request and response parsers (llhttp) and the encoder of heads."""
