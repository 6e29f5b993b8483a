# Catalogue YAML travels inside the binary: no data path at run time, and errors still name the file.
#   flotilla_embed(<target> <folder relative to the repository>...)
#   flotilla_embed_files(<target> <file relative to the repository>...)
function(flotilla_embed target)
  set(files)
  foreach(folder IN LISTS ARGN)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${folder}/*.yaml
                                                     ${PROJECT_SOURCE_DIR}/${folder}/*.csv)
    list(APPEND files ${found})
  endforeach()
  flotilla_embed_files(${target} ${files})
endfunction()

function(flotilla_embed_files target)
  set(files ${ARGN})
  list(SORT files)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded.cpp)
  set(depends)
  foreach(file IN LISTS files)
    list(APPEND depends ${PROJECT_SOURCE_DIR}/${file})
  endforeach()
  string(REPLACE ";" "|" joined "${files}")
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DROOT=${PROJECT_SOURCE_DIR} "-DFILES=${joined}" -DNAME=${target}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${depends} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
  # Nothing refers to the generated file: ask the linker for it by name, so that a static library keeps it.
  target_link_options(${target} INTERFACE LINKER:-u,flotilla_embedded_${target})
endfunction()
