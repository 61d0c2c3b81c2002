"""Components and figures that several pages share."""
