# What schemathesis does not know by itself: a workbook is sent as the bytes that it made up.
import schemathesis

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@schemathesis.serializer(WORKBOOK)
def workbook(ctx, value):
    return value if isinstance(value, bytes) else str(getattr(value, "data", value)).encode("utf-8", "replace")
