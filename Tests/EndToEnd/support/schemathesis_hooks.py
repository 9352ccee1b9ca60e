"""What schemathesis must know to send the bodies of uploads: they are bytes."""
import schemathesis

schemathesis.serializer.alias(["application/offset+octet-stream", "application/partial-upload"],
                              "application/octet-stream")
