# cmake --install: headers, the static library and find_package(nacre).
