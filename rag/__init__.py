"""Ask the literature: papers in, page-exact cited answers out."""
