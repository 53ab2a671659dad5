"""What a run leaves behind for people: pictures, report.md, the model card."""
