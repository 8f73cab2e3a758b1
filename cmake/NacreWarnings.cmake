# Warnings and sanitizers of every target of ours.
set(NACRE_WARNINGS -Wall -Wextra -Wno-unused-parameter)
if(NACRE_WERROR)
  list(APPEND NACRE_WARNINGS -Werror)
endif()
if(NACRE_SANITIZE)
  add_compile_options(-fsanitize=${NACRE_SANITIZE} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${NACRE_SANITIZE})
endif()
