version = "1.${build}"
